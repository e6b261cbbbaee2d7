-- The bank of questions, in order.
create table question (
    about text not null, text text not null, expected text not null, kind text not null,
    source text not null, enabled boolean not null, locked boolean not null
);
-- What was asked, by the key that names it in the cache.
create table prompt (prompt_key text not null, form text not null, text text not null);
-- Answers by what was looked at, what was asked and who answered: asked once, kept for good.
create table answer (
    pixel_hash text not null, prompt_key text not null, answerer text not null, state text not null,
    p_yes float, number integer, reply text, seconds float, answered_on timestamp not null
);
create table answerer (fingerprint text primary key, id text not null);
