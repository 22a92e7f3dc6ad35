-- How far the originals have been looked through for those that no photo belongs to.
create table marks (name text primary key, value bigint not null);
insert into marks (name, value) values ('tidy', 0);
