-- Ids grow with the import order and are never reused. Big tables carry no index: their rows lie in
-- id order, so DuckDB's zone maps find a range as fast, and bulk inserts stay cheap.
create table project (key text primary key, value text not null);
create table class (class_id integer primary key, name text not null unique);

create table sample (
    sample_id bigint not null,
    path text not null,
    "row" bigint,
    occurrence integer not null,
    given text[] not null,
    split text,
    "group" text,
    present boolean not null
);
create table extra (sample_id bigint not null);
create table source_change (
    sample_id bigint not null, imported_on timestamp not null, field text not null, old text, new text
);

create table media (
    sample_id bigint not null, reason text, detail text, byte_size bigint, mtime_ns bigint,
    sha256 text, format text, mode text, width integer, height integer, orientation tinyint,
    frames integer, pixel_hash text, phash ubigint,
    brightness float, brightness_low float, brightness_high float, contrast float,
    sharpness float, entropy float, saturation float,
    thumbnail_start bigint, thumbnail_length integer,
    -- The file is not what it was: look again.
    stale boolean not null default false
);

create sequence run_seq;
create table run (
    run_id integer primary key, run_key text not null, check_id text not null, version integer not null,
    params text not null, inputs text not null, data_version integer not null, state text not null,
    message text, started_on timestamp not null, ended_on timestamp, seconds double
);
create table shard_done (run_id integer not null, shard_no integer not null);
create table finding (
    run_id integer not null, sample_id bigint not null, quality float not null, flagged boolean not null,
    p_error float, p_error_low float, p_error_high float, suggested text[], related_id bigint, evidence text
);
create table metric (
    run_id integer not null, scope text not null, key text not null, name text not null,
    value double not null, low double, high double
);

create sequence action_seq;
create table action (
    action_id bigint primary key, title text not null, undoes bigint, reviewer text not null,
    made_on timestamp not null
);
create table change (
    action_id bigint not null, sample_id bigint not null,
    old_verdict text, old_labels text[], old_note text, old_action bigint,
    new_verdict text, new_labels text[], new_note text, new_action bigint,
    check_id text, p_error float
);
create table review (
    sample_id bigint not null, verdict text, labels text[], note text, action_id bigint not null
);
create view label_now as
    select sample_id, path, "row", occurrence, given, split, "group", present, verdict, note, action_id,
        coalesce(review.labels, given) as labels, coalesce(verdict = 'exclude', false) as excluded
    from sample left join review using (sample_id);
