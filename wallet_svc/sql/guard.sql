-- Run once by a superuser in the ledger's database, where that can be had: no change of the history's tables, their triggers and
-- constraints outside of migrations, not even by their owner. It keeps mistakes away, not somebody who means it: that is
-- what the chain and the second opinion are for.

CREATE OR REPLACE FUNCTION guard_history() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $$
DECLARE
    touched text;
BEGIN
    IF current_setting('pitboss.migrating', true) = 'on' THEN
        RETURN;
    END IF;
    IF TG_EVENT = 'sql_drop' THEN
        SELECT object_identity INTO touched FROM pg_event_trigger_dropped_objects()
        WHERE object_identity ~ '(^|[ .])(transfer|batch|account|hold|shard)($|[ ._])' AND NOT is_temporary LIMIT 1;
    ELSE
        SELECT object_identity INTO touched FROM pg_event_trigger_ddl_commands()
        WHERE object_identity ~ '(^|[ .])(transfer|batch|account|hold|shard)($|[ ._])' LIMIT 1;
    END IF;
    IF touched IS NOT NULL THEN
        RAISE EXCEPTION 'history is final: % of %', TG_TAG, touched USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

DROP EVENT TRIGGER IF EXISTS guard_history_changes;
CREATE EVENT TRIGGER guard_history_changes ON ddl_command_end EXECUTE FUNCTION guard_history();
DROP EVENT TRIGGER IF EXISTS guard_history_drops;
CREATE EVENT TRIGGER guard_history_drops ON sql_drop EXECUTE FUNCTION guard_history();
