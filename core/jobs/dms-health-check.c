/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-health-check.h"

#include "jobs/dms-job-json.h"
#include "jobs/dms-job-decode-private.h"

struct _DmsHealthCheck
{
  char *type;
  GStrv exec;
  char *endpoint;
  char *response_type;
  char *response_value;
  gint64 interval_ns;
};

G_DEFINE_BOXED_TYPE (DmsHealthCheck, dms_health_check, dms_health_check_ref, dms_health_check_unref)

DmsHealthCheck *
dms_health_check_new (const char *type,
                      const char *const *exec,
                      const char *endpoint,
                      const char *response_type,
                      const char *response_value,
                      gint64 interval_ns)
{
  DmsHealthCheck *self = g_atomic_rc_box_new0 (DmsHealthCheck);

  self->type = g_strdup (type);
  self->exec = g_strdupv ((GStrv) exec);
  self->endpoint = g_strdup (endpoint);
  self->response_type = g_strdup (response_type);
  self->response_value = g_strdup (response_value);
  self->interval_ns = interval_ns;
  return self;
}

const char *
dms_health_check_get_type_name (DmsHealthCheck *self)
{
  return self->type;
}

const char *const *
dms_health_check_get_exec (DmsHealthCheck *self)
{
  return (const char *const *) self->exec;
}

const char *
dms_health_check_get_endpoint (DmsHealthCheck *self)
{
  return self->endpoint;
}

const char *
dms_health_check_get_response_type (DmsHealthCheck *self)
{
  return self->response_type;
}

const char *
dms_health_check_get_response_value (DmsHealthCheck *self)
{
  return self->response_value;
}

gint64
dms_health_check_get_interval_ns (DmsHealthCheck *self)
{
  return self->interval_ns;
}

JsonNode *
dms_health_check_to_json (DmsHealthCheck *self)
{
  JsonObject *object = json_object_new ();
  JsonObject *response = json_object_new ();

  json_object_set_string_member (object, "type", self->type);
  dms_job_json_set_strv (object, "exec", (const char *const *) self->exec);
  dms_job_json_set_text (object, "endpoint", self->endpoint);
  json_object_set_string_member (response, "type", self->response_type);
  json_object_set_string_member (response, "value", self->response_value);
  json_object_set_object_member (object, "response", response);
  json_object_set_int_member (object, "interval", self->interval_ns);
  return dms_job_json_take_object (object);
}

DmsHealthCheck *
dms_health_check_new_from_json (JsonNode *node, GError **error)
{
  g_autoptr (DmsJobNode) tree = dms_job_node_new_from_json (node, error);
  g_autoptr (DmsJobReport) report = NULL;
  g_autoptr (DmsHealthCheck) self = NULL;

  if (tree == NULL)
    return NULL;
  report = dms_job_report_new (NULL);
  self = dms_job_decode_health_check (tree, "healthcheck", DMS_JOB_FORM_WIRE, report);
  if (dms_job_report_has_errors (report))
    {
      dms_job_report_propagate (report, error);
      return NULL;
    }
  if (self == NULL)
    g_set_error_literal (error, DMS_ERROR, DMS_ERROR_NOT_FOUND,
                         "the health check is empty: give its type, “command” or “http”");
  return g_steal_pointer (&self);
}

DmsHealthCheck *
dms_health_check_ref (DmsHealthCheck *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
health_check_clear (gpointer data)
{
  DmsHealthCheck *self = data;

  g_free (self->type);
  g_strfreev (self->exec);
  g_free (self->endpoint);
  g_free (self->response_type);
  g_free (self->response_value);
}

void
dms_health_check_unref (DmsHealthCheck *self)
{
  g_atomic_rc_box_release_full (self, health_check_clear);
}
