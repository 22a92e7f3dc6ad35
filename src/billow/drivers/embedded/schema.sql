-- The durable database of the embedded home. `due` is NULL once a job is final.
-- state: 0 pending, 1 running, 2 completed, 3 failed, 4 cancelled

create table if not exists jobs(
  seq      integer primary key autoincrement,
  id       text not null unique,
  function text not null,
  owner    text not null,
  state    integer not null default 0,
  due      real,
  token    integer not null default 0,
  failures integer not null default 0,
  lost     integer not null default 0,
  worker   text,
  name     text not null,
  args     text not null,
  upload   text,
  progress real,
  result   text,
  failure  text,
  dead     integer not null default 0,
  created  real not null,
  started  real,
  finished real,
  origin   text not null default ''
) strict;
create index if not exists jobs_live on jobs(function, due) where due is not null;
create index if not exists jobs_running on jobs(worker) where state = 1;
create index if not exists jobs_ended on jobs(state) where state > 1;

-- How many jobs are in each state, kept in the same transactions.
create table if not exists tallies(
  function text not null,
  state    integer not null,
  count    integer not null,
  primary key(function, state)
) strict, without rowid;

-- Tries that did not succeed; written only when one does not.
create table if not exists attempts(
  job      integer not null,
  number   integer not null,
  worker   text not null,
  started  real not null,
  ended    real not null,
  failure  text not null,
  primary key(job, number)
) strict, without rowid;

create table if not exists idempotency(
  owner   text not null,
  key     text not null,
  digest  text not null,
  job     text not null,
  created real not null,
  primary key(owner, key)
) strict, without rowid;

create table if not exists objects(
  store    text not null,
  key      text not null,
  blob     text not null,
  size     integer not null,
  sha256   text not null,
  type     text not null,
  name     text not null,
  owner    text not null,
  metadata text not null,
  created  real not null,
  primary key(store, key)
) strict, without rowid;
create index if not exists objects_blob on objects(blob);

create table if not exists queues(
  name         text primary key,
  visibility   real not null,
  delay        real not null,
  max_receives integer,
  dead_letter  text,
  retention    real not null
) strict, without rowid;

create table if not exists messages(
  seq      integer primary key autoincrement,
  queue    text not null,
  body     text not null,
  due      real not null,
  receives integer not null default 0,
  -- Counts what voids receipts: each receive, and each move to another queue.
  turn     integer not null default 0,
  sent     real not null
) strict;
create index if not exists messages_due on messages(queue, due);

create table if not exists items(
  "table" text not null,
  key     text not null,
  value   text not null,
  version integer not null,
  primary key("table", key)
) strict, without rowid;
