-- LangGraph keeps this number for a step that was once empty.
SELECT 1;
