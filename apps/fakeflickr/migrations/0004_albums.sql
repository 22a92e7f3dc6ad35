-- Photos of one person under a title, in an order of their own.
create table albums (
    -- Random, as it stands in addresses.
    id text primary key,
    owner text not null references people (owner) on delete cascade,
    title text not null,
    made double precision not null
);
create index albums_of on albums (owner);

create table album_photos (
    album text not null references albums (id) on delete cascade,
    photo bigint not null references photos (id) on delete cascade,
    -- Ascending in the order in which they are shown.
    place bigint not null,
    primary key (album, photo)
);
create index album_photos_of on album_photos (photo);

-- Links by which a whole album is shown; the columns are those of `links`.
create table album_links (
    hash text primary key,
    album text not null references albums (id) on delete cascade,
    level bigint not null,
    note text not null,
    made double precision not null,
    expires double precision not null,
    uses bigint not null
);
create index album_links_of on album_links (album);
