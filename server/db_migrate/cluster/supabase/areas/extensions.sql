-- Where extensions go.
CREATE SCHEMA IF NOT EXISTS extensions;
GRANT USAGE ON SCHEMA extensions TO {application}, anon, authenticated, service_role, dashboard_user;
GRANT CREATE ON SCHEMA extensions TO {application}, dashboard_user;
