create table counters (name text primary key, value bigint not null);
insert into counters (name, value) values ('100% :sure', 7);
