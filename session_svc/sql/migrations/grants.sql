-- What the service may do. Granted anew after each migration, so a role that came later has it too.
GRANT USAGE ON SCHEMA public TO {service_role};
GRANT SELECT ON session, licensee_head, session_change, player_exclusion, feed_cursor, game, free_round_grant TO {service_role};
GRANT INSERT ON session, licensee_head, session_change, player_exclusion, feed_cursor, game, free_round_grant TO {service_role};
GRANT SELECT, INSERT ON token_swap, token_relaunch, demo_session TO {service_role};
GRANT UPDATE (url_sealed) ON demo_session TO {service_role};
GRANT SELECT, INSERT, UPDATE ON reconciliation_case, reconciliation_run TO {service_role};
GRANT UPDATE (state, changed_at, ended_at, end_reason, activity_since, jurisdiction, opened_shard, opened_sequence, launched_as, url_sealed)
    ON session TO {service_role};
GRANT UPDATE (state, ended_at, reference, refusal) ON free_round_grant TO {service_role};
GRANT UPDATE ON licensee_head, player_exclusion, feed_cursor, game TO {service_role};
