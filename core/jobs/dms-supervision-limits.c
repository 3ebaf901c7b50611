/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-supervision-limits.h"

#include "jobs/dms-job-json.h"

#define SECOND_NS G_GINT64_CONSTANT (1000000000)

DmsSupervisionLimits
dms_supervision_limits_get_default (void)
{
  DmsSupervisionLimits limits = { FALSE, 15 * SECOND_NS, 60 * SECOND_NS, 30 * SECOND_NS, 3, 60 * SECOND_NS };

  return limits;
}

JsonNode *
dms_supervision_limits_to_json (const DmsSupervisionLimits *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "detect_within", self->detect_ns);
  json_object_set_int_member (object, "lease", self->lease_ns);
  json_object_set_int_member (object, "takeover", self->takeover_ns);
  json_object_set_int_member (object, "max_restarts", self->max_restarts);
  json_object_set_int_member (object, "restart_period", self->restart_period_ns);
  return dms_job_json_take_object (object);
}
