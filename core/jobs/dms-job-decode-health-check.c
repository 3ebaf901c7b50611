/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-decode-private.h"

#include "jobs/dms-job-units.h"

#include <string.h>

static gint64
decode_interval (DmsJobReader *check)
{
  DmsJobNode *node = dms_job_reader_get (check, "interval", DMS_JOB_READ_REQUIRED);
  g_autofree char *why = NULL;
  gint64 ns = 0;

  if (node == NULL)
    return 0;
  if (dms_job_reader_get_form (check) == DMS_JOB_FORM_WIRE &&
      dms_job_node_get_kind (node) == DMS_JOB_NODE_INT)
    return dms_job_reader_get_int (check, "interval", 1, G_MAXINT64, 1);
  if (!dms_job_node_is_scalar (node))
    dms_job_reader_error (check, "interval", "must be a duration such as 10s or 1m30s");
  else if (!dms_job_units_parse_duration (dms_job_node_get_text (node), &ns, &why))
    dms_job_reader_error (check, "interval", "%s, got \"%.40s\"", why, dms_job_node_get_text (node));
  return ns;
}

static void
check_endpoint (DmsJobReader *check, const char *endpoint)
{
  g_autoptr (GUri) uri = g_uri_parse (endpoint, G_URI_FLAGS_NONE, NULL);
  const char *scheme = uri == NULL ? NULL : g_uri_get_scheme (uri);

  if (scheme == NULL || (strcmp (scheme, "http") != 0 && strcmp (scheme, "https") != 0) ||
      g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    dms_job_reader_error (check, "endpoint", "must be an http or https address, got \"%.80s\"", endpoint);
}

DmsHealthCheck *
dms_job_decode_health_check (DmsJobNode *node, const char *path, DmsJobForm form, DmsJobReport *report)
{
  static const char *const types[] = { "command", "http", NULL };
  g_autoptr (DmsJobReader) check = NULL;
  g_autoptr (DmsJobReader) response = NULL;
  g_autofree char *type = NULL;
  g_autofree char *endpoint = NULL;
  g_autofree char *response_type = NULL;
  g_autofree char *value = NULL;
  g_auto (GStrv) exec = NULL;
  gboolean is_command;
  gboolean is_http;
  gint64 interval;

  if (form == DMS_JOB_FORM_FILE && dms_job_node_is_scalar (node))
    {
      dms_job_report_warning (
          report, node, path, "a health check given as a text is obsolete and has no effect");
      return NULL;
    }
  /* The wire has an empty one where there is none. */
  if (form == DMS_JOB_FORM_WIRE && dms_job_node_get_n_items (node) == 0)
    return NULL;
  if (form == DMS_JOB_FORM_WIRE && dms_job_node_get_any_case (node, "type") != NULL &&
      g_strcmp0 (dms_job_node_get_text (dms_job_node_get_any_case (node, "type")), "") == 0)
    return NULL;
  check = dms_job_reader_new (node, path, form, report);
  if (check == NULL)
    return NULL;
  type =
      dms_job_reader_dup_choice (check, "type", types, NULL, DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  is_command = g_strcmp0 (type, "command") == 0;
  is_http = g_strcmp0 (type, "http") == 0;
  exec = dms_job_reader_dup_strv (
      check, "exec", is_command ? DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY : DMS_JOB_READ_OPTIONAL);
  endpoint = dms_job_reader_dup_string (
      check, "endpoint", is_http ? DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY : DMS_JOB_READ_OPTIONAL);
  if (is_http && endpoint != NULL && *endpoint != '\0')
    check_endpoint (check, endpoint);
  response = dms_job_reader_open (check, "response", DMS_JOB_READ_OPTIONAL);
  if (response != NULL)
    {
      response_type = dms_job_reader_dup_string (response, "type", DMS_JOB_READ_OPTIONAL);
      value = dms_job_reader_dup_string (response, "value", DMS_JOB_READ_OPTIONAL);
      dms_job_reader_finish (response);
    }
  interval = decode_interval (check);
  dms_job_reader_finish (check);
  return dms_health_check_new (type,
                               (const char *const *) exec,
                               endpoint,
                               response_type != NULL ? response_type : "string",
                               value != NULL ? value : "",
                               interval);
}
