-- A decision that only confirms or defers is about what was flagged then; see store/standing.py.
alter table review add column check_id text;
update review set check_id = c.check_id
    from change c where c.action_id = review.action_id and c.sample_id = review.sample_id;
-- The last action before the run's findings came. Using a run again moves its end, so that an older
-- project tells it by the start.
alter table run add column after_action bigint;
update run set after_action = (
    select coalesce(max(action_id), 0) from action
    where made_on < least(ended_on, started_on + to_seconds(seconds))
) where state = 'done';
