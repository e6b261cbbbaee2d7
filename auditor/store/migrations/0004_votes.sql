-- Annotators' answers only grow; the newest of an annotator about a question counts. A null annotator
-- is one that the file did not name: all votes of the newest batch about the question count.
create sequence vote_batch_seq;
create table vote (
    batch bigint not null, sample_id bigint not null, label text not null, suggested text,
    answer text not null, annotator text, made_on timestamp not null, note text
);
create table vote_batch (batch bigint primary key, source text not null, imported_on timestamp not null);
create view vote_now as
    select * from vote qualify rank() over (
        partition by sample_id, label, suggested, annotator order by made_on desc, batch desc
    ) = 1;
-- What was handed out for review: the hash tells whether the file that comes back is the one made, and
-- the gold items' labels stay here.
create table packet (
    packet_id text primary key, reviewer text not null, made_on timestamp not null, sha256 text not null,
    gold text not null
);
