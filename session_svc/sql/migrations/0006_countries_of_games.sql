-- Countries in which a provider does not let a game be played.

ALTER TABLE game ADD COLUMN refused_countries text[] NOT NULL DEFAULT '{}';
