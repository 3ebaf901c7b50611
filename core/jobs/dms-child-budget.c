/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-child-budget.h"

#include "jobs/dms-job-json.h"
#include "jobs/dms-job-units.h"

G_DEFINE_BOXED_TYPE (DmsChildBudget, dms_child_budget, dms_child_budget_ref, dms_child_budget_unref)

DmsChildBudget *
dms_child_budget_new (void)
{
  DmsChildBudget *self = g_atomic_rc_box_new0 (DmsChildBudget);

  self->depth = 1;
  return self;
}

JsonNode *
dms_child_budget_to_json (DmsChildBudget *self)
{
  JsonObject *object = json_object_new ();
  g_autofree char *lifetime = dms_job_units_format_duration (self->lifetime_us * 1000);

  json_object_set_int_member (object, "max_deployments", self->max_deployments);
  json_object_set_member (object, "resources", dms_resources_to_json (self->resources));
  json_object_set_string_member (object, "lifetime", lifetime);
  json_object_set_int_member (object, "depth", self->depth);
  json_object_set_boolean_member (object, "may_detach", self->may_detach);
  return dms_job_json_take_object (object);
}

DmsChildBudget *
dms_child_budget_ref (DmsChildBudget *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
budget_clear (gpointer data)
{
  g_clear_pointer (&((DmsChildBudget *) data)->resources, dms_resources_unref);
}

void
dms_child_budget_unref (DmsChildBudget *self)
{
  g_atomic_rc_box_release_full (self, budget_clear);
}
