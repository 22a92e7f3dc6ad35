-- What kind of file the original is; all were JPEGs before.
alter table photos add column format text not null default 'JPEG';
