-- People who have photos, as others see them. Who they are for Billow is in its accounts.
create table people (
    owner text primary key,
    name text not null,
    slug text not null unique,
    joined double precision not null
);

-- What is known of each original of the collection, which has the same number.
create table photos (
    id bigint primary key,
    owner text not null references people (owner),
    name text not null,
    caption text not null,
    -- A line printed on the picture; empty is none.
    overlay text not null,
    -- Degrees clockwise, beside what the camera says of itself.
    rotation bigint not null,
    -- 0 private, 1 for members, 2 public.
    visibility bigint not null,
    -- Whether those who see it may have the original.
    download bigint not null,
    -- Pixels, upright as the camera was held.
    width bigint not null,
    height bigint not null,
    bytes bigint not null,
    sha256 text not null,
    -- As the camera's clock said it, `2024-05-03 12:00:00`; empty if not known.
    taken text not null,
    camera text not null,
    settings text not null,
    -- A picture of a few pixels, to look at until the real one is there.
    tiny text not null,
    uploaded double precision not null,
    unique (owner, sha256)
);
create index photos_shown on photos (visibility, id);
create index photos_own on photos (owner, id);

create table tags (
    tag text not null,
    photo bigint not null references photos (id) on delete cascade,
    primary key (tag, photo)
);
create index tags_of on tags (photo);

-- Links by which a photo is shown to people who could not see it otherwise.
create table links (
    -- SHA-256 of what is in the link.
    hash text primary key,
    photo bigint not null references photos (id) on delete cascade,
    -- 1 see, 2 have the original.
    level bigint not null,
    note text not null,
    made double precision not null,
    -- 0 is never.
    expires double precision not null,
    uses bigint not null
);
create index links_of on links (photo);
