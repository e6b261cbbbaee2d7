-- A model's predicted label of each sample. A later file of the same model adds a batch; the newest counts.
create sequence prediction_batch_seq;
create table prediction_batch (
    batch bigint primary key, model text not null, source text not null, imported_on timestamp not null
);
create table prediction (batch bigint not null, sample_id bigint not null, label text not null, p float);
create view prediction_now as
    select b.model, p.sample_id, p.label, p.p from prediction p join prediction_batch b using (batch)
    where batch in (select max(batch) from prediction_batch group by model);
-- A person's word on a predicted label, whichever models said it. Rows are only added, and the newest
-- counts; a null verdict takes it back. said_in is the action that said it, which an undo may restore.
create table judgement (
    action_id bigint not null, sample_id bigint not null, label text not null,
    verdict text, category text, severity text, note text, added boolean, said_in bigint
);
create view judgement_now as
    select * from judgement where true
    qualify row_number() over (partition by sample_id, label order by action_id desc) = 1;
