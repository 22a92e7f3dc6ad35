-- What the processes say. Losing a second of it in a power cut is no lie to anyone.

create table if not exists lines(
  seq     integer primary key autoincrement,
  at      real not null,
  level   integer not null,
  process text not null,
  source  text not null,
  event   text not null,
  -- NULL where there is none, so that the indexes hold only what can be asked for.
  job     text,
  request text,
  trace   text,
  fields  text not null
) strict;
create index if not exists lines_at on lines(at);
create index if not exists lines_job on lines(job) where job is not null;
create index if not exists lines_request on lines(request) where request is not null;
create index if not exists lines_trace on lines(trace) where trace is not null;
create index if not exists lines_loud on lines(seq, level) where level >= 30;

-- How many lines of each level there are in each ten seconds, kept in the same transactions.
create table if not exists slots(
  at    integer not null,
  level integer not null,
  count integer not null,
  primary key(at, level)
) strict, without rowid;
