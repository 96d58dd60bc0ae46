-- Free rounds are compared provider by provider, in the order in which they were ordered.

CREATE INDEX free_round_grant_of_provider ON free_round_grant (provider, created_at);
