-- The catalogue of the cold tier: what is archived, where its bytes are, and who asked for it.

create table if not exists files(
  store   text not null,
  key     text not null,
  size    integer not null,
  sha256  text not null,
  type    text not null,
  name    text not null,
  owner   text not null,
  claim   text not null,
  created real not null,
  ready   real,
  damaged real,
  packed  integer not null,
  -- The file with the compressed bytes, and their SHA-256.
  blob    text not null,
  packed_sha256 text not null,
  tier    text,
  primary key(store, key)
) strict, without rowid;
create index if not exists files_asked on files(tier, ready) where tier is not null;
create index if not exists files_blob on files(blob);
