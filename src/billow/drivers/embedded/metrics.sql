-- Measured values in three levels of detail: 10 s, a minute, an hour. All are written at once.

create table if not exists metrics(
  id   integer primary key,
  name text not null unique,
  kind text not null,
  unit text not null
) strict;

create table if not exists points(
  step    integer not null,
  metric  integer not null,
  at      integer not null,
  count   integer not null,
  total   real not null,
  low     real not null,
  high    real not null,
  buckets text not null,
  primary key(step, metric, at)
) strict, without rowid;
