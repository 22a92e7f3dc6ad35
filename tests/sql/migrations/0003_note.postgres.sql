create table kind (name text);
insert into kind values ('postgres');
