-- What the service did and how it fared. Losing a second of it in a power cut is no lie to anyone.

create table if not exists events(
  seq     integer primary key autoincrement,
  at      real not null,
  kind    text not null,
  subject text not null,
  reason  text not null,
  data    text not null
) strict;
create index if not exists events_at on events(at);

create table if not exists series(id integer primary key, name text not null unique) strict;

create table if not exists samples(
  series integer not null,
  at     real not null,
  value  real not null,
  primary key(series, at)
) strict, without rowid;

create table if not exists board(
  key   text primary key,
  at    real not null,
  state text not null
) strict, without rowid;
