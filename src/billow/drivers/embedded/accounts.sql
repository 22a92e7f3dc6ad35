-- People and what is theirs. Columns stand in the order of the records' fields.

create table if not exists accounts(
  id          text primary key,
  email       text not null,
  email_key   text not null unique,
  name        text not null,
  password    text,
  plan        text not null,
  role        text not null,
  verified_at real,
  created     real not null,
  disabled_at real
) strict, without rowid;

create table if not exists identities(
  key     text primary key,
  account text not null,
  created real not null
) strict, without rowid;
create index if not exists identities_account on identities(account);

create table if not exists sessions(
  hash    text primary key,
  account text not null,
  created real not null,
  seen    real not null,
  expires real not null,
  agent   text not null,
  address text not null
) strict, without rowid;
create index if not exists sessions_account on sessions(account);

create table if not exists tokens(
  hash    text primary key,
  account text not null,
  name    text not null,
  scopes  text not null,
  created real not null,
  expires real,
  used    real
) strict, without rowid;
create index if not exists tokens_account on tokens(account);

create table if not exists codes(
  hash    text primary key,
  kind    text not null,
  subject text not null,
  data    text not null,
  created real not null,
  expires real not null
) strict, without rowid;
create index if not exists codes_subject on codes(subject);

create table if not exists plan_events(
  id       text primary key,
  account  text not null,
  plan     text not null,
  at       real not null,
  received real not null
) strict, without rowid;
create index if not exists plan_events_account on plan_events(account);

create table if not exists customers(
  id           text primary key,
  account      text not null,
  created      real not null,
  subscription text not null,
  status       text not null,
  seen         real not null
) strict, without rowid;
create index if not exists customers_account on customers(account);

-- Nothing changes or removes an entry; whoever does it by other means breaks the chain of seals.
create table if not exists audit(
  seq      integer primary key,
  at       real not null,
  actor    text not null,
  action   text not null,
  subject  text not null,
  detail   text not null,
  previous text not null,
  mac      text not null
) strict;
create index if not exists audit_subject on audit(subject);

create table if not exists throttles(
  key    text primary key,
  tries  integer not null,
  until  real not null,
  forget real not null
) strict, without rowid;

-- For what an owner uses.
create index if not exists jobs_owner on jobs(owner, created);
create index if not exists jobs_owner_live on jobs(owner) where due is not null;
create index if not exists objects_owner on objects(owner, size);
