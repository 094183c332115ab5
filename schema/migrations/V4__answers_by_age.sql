-- Stored answers expire: finds the oldest of a partition, however many there are. New rows go to its right end.
CREATE INDEX command_results_by_age ON command_results (partition, created_at);
