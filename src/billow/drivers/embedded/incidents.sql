-- Incidents and what belongs to them. Columns stand in the order of the records' fields.

create table if not exists incidents(
  number   integer primary key,
  service  text not null,
  key      text not null,
  state    text not null,
  severity text not null,
  summary  text not null,
  source   text not null,
  details  text not null,
  policy   text not null,
  created  real not null,
  changed  real not null,
  signs    integer not null,
  epoch    integer not null,
  level    integer not null,
  sign     text not null,
  turns    text not null,
  acked_by text not null,
  acked    real,
  resolved real,
  snoozed  real,
  muted    text not null,
  flags    text not null
) strict;
create index if not exists incidents_state on incidents(state);

create table if not exists incident_slots(
  id       text primary key,
  incident integer not null
) strict, without rowid;

create table if not exists incident_events(
  seq      integer primary key,
  incident integer not null,
  at       real not null,
  kind     text not null,
  who      text not null,
  text     text not null
) strict;
create index if not exists incident_events_incident on incident_events(incident);

create table if not exists incident_timers(
  id       text primary key,
  incident integer not null,
  kind     text not null,
  due      real not null,
  data     text not null
) strict, without rowid;
create index if not exists incident_timers_due on incident_timers(due);
create index if not exists incident_timers_incident on incident_timers(incident);

create table if not exists notices(
  key      text primary key,
  incident integer not null,
  person   text not null,
  contact  text not null,
  kind     text not null,
  run      text not null,
  due      real not null,
  state    text not null,
  created  real not null,
  urgent   integer not null,
  tries    integer not null,
  tried    real,
  done     real,
  detail   text not null,
  message  text not null
) strict, without rowid;
create index if not exists notices_incident on notices(incident);
create index if not exists notices_state on notices(state);
create index if not exists notices_due on notices(due);

create table if not exists contacts(
  id       text primary key,
  person   text not null,
  kind     text not null,
  address  text not null,
  wait     real not null,
  created  real not null,
  verified real,
  disabled text not null,
  secret   text not null
) strict, without rowid;
create index if not exists contacts_person on contacts(person);

create table if not exists contact_meters(
  id    text primary key,
  times text not null
) strict, without rowid;

create table if not exists mutes(
  id      text primary key,
  kind    text not null,
  match   text not null,
  start   real not null,
  end     real not null,
  why     text not null,
  who     text not null,
  created real not null
) strict, without rowid;

create table if not exists rota_changes(
  id       text primary key,
  rota     text not null,
  kind     text not null,
  start    real not null,
  end      real not null,
  person   text not null,
  other    text not null,
  priority integer not null,
  who      text not null,
  created  real not null
) strict, without rowid;
create index if not exists rota_changes_rota on rota_changes(rota);

create table if not exists routing_keys(
  hash    text primary key,
  service text not null,
  created real not null,
  hint    text not null
) strict, without rowid;

create table if not exists heartbeats(
  name     text primary key,
  hash     text not null,
  service  text not null,
  severity text not null,
  every    real not null,
  created  real not null,
  last     real
) strict, without rowid;
create index if not exists heartbeats_hash on heartbeats(hash);

create table if not exists hours(
  hour     integer primary key,
  looks    integer not null,
  bad      integer not null,
  requests integer not null,
  errors   integer not null,
  paused   integer not null
) strict;
