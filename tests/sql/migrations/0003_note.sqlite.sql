create table kind (name text);
insert into kind values ('sqlite');
create trigger twice after insert on kind begin
    insert into counters values (new.name, 1);
    insert into counters values (new.name || '2', 1);
end;
