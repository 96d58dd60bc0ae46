-- What the service may do. Nobody but the owner can change or remove history. Given anew after each migration.
GRANT USAGE ON SCHEMA public TO {service_role};
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {service_role};
GRANT INSERT ON transfer, batch, player, account, round, hold, play, licensee, asset, source, provider_account, game,
    game_papers, suspension, source_health, rate, law_pack, law_pack_end TO {service_role};
GRANT INSERT, DELETE ON attempt, upstream_attempt, refused_message TO {service_role};
GRANT INSERT, DELETE ON pending_call TO {service_role};
GRANT UPDATE (stuck, attempts, next_attempt_us, last_error) ON pending_call TO {service_role};
GRANT INSERT, DELETE ON reserved_deposit TO {service_role};
GRANT UPDATE (next_attempt_us, attempts, last_error) ON reserved_deposit TO {service_role};
GRANT INSERT ON day_total TO {service_role};
GRANT UPDATE (postings, cash, held, bonus, receivable) ON day_total TO {service_role};
GRANT UPDATE (sequence) ON total_cursor TO {service_role};
GRANT UPDATE (next_sequence, next_id, digest, frontier, registry_version) ON shard TO {service_role};
GRANT UPDATE (debits, credits, standing) ON account TO {service_role};
GRANT UPDATE (pack, born_on, blocked, protection, mirror, register, person, main_asset_id) ON player TO {service_role};
GRANT UPDATE (state, closed_us, due_us) ON round TO {service_role};
GRANT UPDATE (captured, released, state, beyond) ON hold TO {service_role};
GRANT UPDATE (state, expires_us, permit) ON play TO {service_role};
GRANT UPDATE ON licensee, asset, provider_account, game, suspension, source_health, rate TO {service_role};

-- The reader of the whole: the verifier and the second opinion.
GRANT USAGE ON SCHEMA public TO {reader_role};
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader_role};

-- Row security holds for roles that read for one licensee. These two pass; a policy is made once, because making it
-- waits for everybody who uses the table.
DO $$
DECLARE
    secured name;
BEGIN
    FOREACH secured IN ARRAY ARRAY['transfer', 'account', 'player', 'day_total'] LOOP
        IF NOT EXISTS (SELECT FROM pg_policies WHERE tablename = secured AND policyname = 'of_the_whole') THEN
            EXECUTE format('CREATE POLICY of_the_whole ON %I TO {service_role}, {reader_role} USING (true) WITH CHECK (true)', secured);
        END IF;
    END LOOP;
END $$;
