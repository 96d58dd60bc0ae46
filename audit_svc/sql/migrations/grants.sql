-- What the service may do: read and append. Given anew after each migration.
GRANT USAGE ON SCHEMA public TO {service_role};
GRANT SELECT, INSERT ON batch, progress, subject_key, entry, payload, subtree, cosignature, hold, hold_end, keeping, round_place, extract, extract_seal TO {service_role};
GRANT SELECT, INSERT, UPDATE ON game_return TO {service_role};
GRANT EXECUTE ON FUNCTION erase_player, expire_payloads, active_hold, note_keeping TO {service_role};

-- The reader of the whole, for copies and for whoever checks. It has no key that opens a payload.
GRANT USAGE ON SCHEMA public TO {reader_role};
GRANT SELECT ON batch, progress, entry, payload, subtree, cosignature, game_return TO {reader_role};
