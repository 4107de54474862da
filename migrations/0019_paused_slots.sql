-- From when on the slots of a paused job have no record: once it goes on, what passed is accounted for.
ALTER TABLE jobs ADD COLUMN paused_from INTEGER;
