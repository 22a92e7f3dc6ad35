-- What the tests write; a semicolon; in a comment.
create table things (
    id bigint primary key,
    name text not null unique,
    size double precision,
    data text default 'a;b'
);
create table parts (
    thing bigint not null references things (id) on delete cascade,
    word text not null,
    primary key (thing, word)
);
