-- What the database refuses by itself, whoever asks: counters that fall, holds that end twice, rounds that open again,
-- batches beside the chain, entries beside their batch, credits above the cap of their asset.

-- WHEN is looked at without calling anything: an ordinary update pays a comparison.
CREATE FUNCTION must_not_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: % on %', TG_ARGV[0], TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END $$;

CREATE TRIGGER account_counters_rise BEFORE UPDATE ON account FOR EACH ROW
    WHEN (NEW.debits < OLD.debits OR NEW.credits < OLD.credits)
    EXECUTE FUNCTION must_not_change('counters of an account never fall');
CREATE TRIGGER account_is_itself BEFORE UPDATE OF id, licensee_id, player_id, shard, asset_id, exponent, class, source_id
    ON account FOR EACH ROW
    EXECUTE FUNCTION must_not_change('an account stays what it was opened as');
CREATE TRIGGER account_stays BEFORE DELETE OR TRUNCATE ON account
    EXECUTE FUNCTION must_not_change('an account that exists stays');

-- To a writer that took the key of a hold for new, this is what the key itself would say a moment later: look again.
CREATE FUNCTION hold_is_known() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: % on %', TG_ARGV[0], TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'unique_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER hold_ends_once BEFORE UPDATE ON hold FOR EACH ROW
    WHEN (OLD.state <> 1 AND (NEW.state, NEW.captured, NEW.released, NEW.amount, NEW.beyond)
          IS DISTINCT FROM (OLD.state, OLD.captured, OLD.released, OLD.amount, OLD.beyond))
    EXECUTE FUNCTION hold_is_known('a hold ends once');
CREATE TRIGGER hold_counters_rise BEFORE UPDATE ON hold FOR EACH ROW
    WHEN (NEW.captured < OLD.captured OR NEW.released < OLD.released OR NEW.amount <> OLD.amount)
    EXECUTE FUNCTION hold_is_known('parts of a hold never fall');
CREATE TRIGGER hold_stays BEFORE DELETE OR TRUNCATE ON hold
    EXECUTE FUNCTION must_not_change('a hold that exists stays');

CREATE TRIGGER round_closes_once BEFORE UPDATE ON round FOR EACH ROW
    WHEN (OLD.state = 2 AND (NEW.state <> 2 OR NEW.closed_us <> OLD.closed_us))
    EXECUTE FUNCTION must_not_change('a closed round stays closed');

CREATE TRIGGER shard_advances BEFORE UPDATE ON shard FOR EACH ROW
    WHEN (NEW.next_sequence < OLD.next_sequence OR NEW.next_id < OLD.next_id
          OR NEW.registry_version < OLD.registry_version
          OR (NEW.digest <> OLD.digest) <> (NEW.next_sequence > OLD.next_sequence))
    EXECUTE FUNCTION must_not_change('a head only advances, and its digest with it');

-- Once for each commit and shard: the batch continues the one before it.
CREATE FUNCTION batch_continues() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    SELECT first_sequence + count AS next, digest INTO last FROM batch
    WHERE shard = NEW.shard ORDER BY first_sequence DESC LIMIT 1;
    IF NEW.first_sequence <> coalesce(last.next, 1)
       OR NEW.previous <> coalesce(last.digest, decode(repeat('00', 32), 'hex')) THEN
        RAISE EXCEPTION 'batch % of shard % does not continue the chain', NEW.first_sequence, NEW.shard
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER batch_chained BEFORE INSERT ON batch FOR EACH ROW EXECUTE FUNCTION batch_continues();

-- Deposits, promotional credits and prizes may not pass the cap of their asset. Everything else that comes in is never stopped.
CREATE FUNCTION credit_is_capped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM asset WHERE asset.id = NEW.asset_id AND NEW.credit_after > asset.cap) THEN
        RAISE EXCEPTION 'a credit above the cap of asset %', NEW.asset_id
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER transfer_capped BEFORE INSERT ON transfer FOR EACH ROW
    WHEN (NEW.kind IN (5, 14, 15) AND NEW.moved IS NOT NULL) EXECUTE FUNCTION credit_is_capped();

-- Who reads for one licensee only. The service and the reader of the whole see everything.
CREATE TABLE tenant_reader (
    role name NOT NULL,
    licensee_id smallint NOT NULL,
    PRIMARY KEY (role, licensee_id)
);
COMMENT ON TABLE tenant_reader IS 'Roles whose rows are those of one licensee, by row security.';

-- The owner passes by row security, every other role sees what a policy lets it see: grants.sql makes those of our roles.
ALTER TABLE transfer ENABLE ROW LEVEL SECURITY;
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
ALTER TABLE player ENABLE ROW LEVEL SECURITY;
ALTER TABLE day_total ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_tenant ON transfer FOR SELECT
    USING (licensee_id IN (SELECT tenant.licensee_id FROM tenant_reader AS tenant WHERE tenant.role = current_user));
CREATE POLICY of_the_tenant ON account FOR SELECT
    USING (licensee_id IN (SELECT tenant.licensee_id FROM tenant_reader AS tenant WHERE tenant.role = current_user));
CREATE POLICY of_the_tenant ON player FOR SELECT
    USING (licensee_id IN (SELECT tenant.licensee_id FROM tenant_reader AS tenant WHERE tenant.role = current_user));
CREATE POLICY of_the_tenant ON day_total FOR SELECT
    USING (licensee_id IN (SELECT tenant.licensee_id FROM tenant_reader AS tenant WHERE tenant.role = current_user));
