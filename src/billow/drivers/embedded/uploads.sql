-- Uploads in parts, beside the objects that they become.

create table if not exists uploads(
  id        text primary key,
  store     text not null,
  key       text not null,
  size      integer not null,
  part_size integer not null,
  name      text not null,
  type      text not null,
  owner     text not null,
  metadata  text not null,
  created   real not null,
  completed real,
  blob      text
) strict, without rowid;
create index if not exists uploads_owner on uploads(owner, created);

create table if not exists upload_parts(
  upload text not null,
  number integer not null,
  size   integer not null,
  sha256 text not null,
  blob   text not null,
  primary key(upload, number)
) strict, without rowid
