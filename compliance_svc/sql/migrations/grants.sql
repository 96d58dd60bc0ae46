-- What the service may do. Given anew after each migration.
GRANT USAGE ON SCHEMA public TO {service_role};
GRANT SELECT, INSERT ON decision TO {service_role};
GRANT SELECT, INSERT, UPDATE ON feed_cursor TO {service_role};
GRANT SELECT, INSERT ON pack_release, pack_event, shadow_difference TO {service_role};
GRANT SELECT, INSERT ON replay_sample, replay_difference TO {service_role};
GRANT SELECT, INSERT, UPDATE ON risk_cursor, risk_total, risk_movement TO {service_role};
GRANT SELECT, INSERT ON risk_case, risk_case_event, risk_order TO {service_role};
GRANT UPDATE (state, frozen) ON risk_case TO {service_role};
GRANT UPDATE (done) ON risk_order TO {service_role};
