/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-decode-private.h"

#include "jobs/dms-job-units.h"

#define SECOND_NS G_GINT64_CONSTANT (1000000000)

enum
{
  /* Sooner would be a heartbeat more often than once a second. */
  MIN_DETECT_SECONDS = 5,
  MAX_DETECT_SECONDS = 600,
  MIN_LEASE_SECONDS = 10,
  MAX_LEASE_SECONDS = 3600,
  /* Sooner, and a busy machine would be taken for a dead one. */
  MIN_TAKEOVER_SECONDS = 5,
  /* DMS_RESTART_INTENSITY_MAX */
  MAX_RESTARTS = 100,
  MAX_PERIOD_SECONDS = 24 * 3600,
};

static gint64
decode_duration (DmsJobReader *reader, const char *key, int min_seconds, int max_seconds, gint64 fallback)
{
  DmsJobNode *node = dms_job_reader_get (reader, key, DMS_JOB_READ_OPTIONAL);
  g_autofree char *why = NULL;
  gint64 ns = 0;

  if (node == NULL)
    return fallback;
  if (dms_job_reader_get_form (reader) == DMS_JOB_FORM_WIRE &&
      dms_job_node_get_kind (node) == DMS_JOB_NODE_INT)
    return dms_job_reader_get_int (reader, key, min_seconds * SECOND_NS, max_seconds * SECOND_NS, fallback);
  if (!dms_job_node_is_scalar (node))
    dms_job_reader_error (reader, key, "must be a duration such as 10s or 1m30s");
  else if (!dms_job_units_parse_duration (dms_job_node_get_text (node), &ns, &why))
    dms_job_reader_error (reader, key, "%s, got \"%.40s\"", why, dms_job_node_get_text (node));
  else if (ns < min_seconds * SECOND_NS || ns > max_seconds * SECOND_NS)
    dms_job_reader_error (reader,
                          key,
                          "must be %d to %d s, got \"%.40s\"",
                          min_seconds,
                          max_seconds,
                          dms_job_node_get_text (node));
  else
    return ns;
  return fallback;
}

DmsSupervisionLimits
dms_job_decode_supervision (DmsJobReader *top)
{
  DmsSupervisionLimits limits = dms_supervision_limits_get_default ();
  g_autoptr (DmsJobReader) reader = dms_job_reader_open (top, "supervision", DMS_JOB_READ_OPTIONAL);

  if (reader == NULL)
    return limits;
  limits.given = TRUE;
  limits.detect_ns =
      decode_duration (reader, "detect_within", MIN_DETECT_SECONDS, MAX_DETECT_SECONDS, limits.detect_ns);
  limits.lease_ns = decode_duration (reader, "lease", MIN_LEASE_SECONDS, MAX_LEASE_SECONDS, limits.lease_ns);
  limits.takeover_ns =
      decode_duration (reader, "takeover", MIN_TAKEOVER_SECONDS, MAX_LEASE_SECONDS, limits.takeover_ns);
  limits.max_restarts =
      (guint) dms_job_reader_get_int (reader, "max_restarts", 0, MAX_RESTARTS, limits.max_restarts);
  limits.restart_period_ns =
      decode_duration (reader, "restart_period", 1, MAX_PERIOD_SECONDS, limits.restart_period_ns);
  dms_job_reader_finish (reader);
  return limits;
}
