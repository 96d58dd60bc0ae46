"""An authority's token service, as markets with sealed batches have it. Only a simulator: the audit log asks it itself."""
