create table photos (
    id bigint primary key,
    owner bigint not null,
    private bigint not null,
    steps text not null
);
