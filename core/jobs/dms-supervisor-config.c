/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-supervisor-config.h"

#include "jobs/dms-job-json.h"

struct _DmsSupervisorConfig
{
  char *strategy;
  GStrv allocations;
  GPtrArray *children;
};

G_DEFINE_BOXED_TYPE (DmsSupervisorConfig,
                     dms_supervisor_config,
                     dms_supervisor_config_ref,
                     dms_supervisor_config_unref)

DmsSupervisorConfig *
dms_supervisor_config_new (const char *strategy, const char *const *allocations, GPtrArray *children)
{
  DmsSupervisorConfig *self = g_atomic_rc_box_new0 (DmsSupervisorConfig);

  self->strategy = g_strdup (strategy);
  self->allocations = g_strdupv ((GStrv) allocations);
  self->children = g_ptr_array_ref (children);
  return self;
}

const char *
dms_supervisor_config_get_strategy (DmsSupervisorConfig *self)
{
  return self->strategy;
}

const char *const *
dms_supervisor_config_get_allocations (DmsSupervisorConfig *self)
{
  return (const char *const *) self->allocations;
}

GPtrArray *
dms_supervisor_config_get_children (DmsSupervisorConfig *self)
{
  return self->children;
}

JsonNode *
dms_supervisor_config_to_json (DmsSupervisorConfig *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "strategy", self->strategy);
  dms_job_json_set_strv (object, "allocations", (const char *const *) self->allocations);
  dms_job_json_set_array (
      object, "children", self->children, (JsonNode * (*) (gpointer)) dms_supervisor_config_to_json);
  return dms_job_json_take_object (object);
}

DmsSupervisorConfig *
dms_supervisor_config_ref (DmsSupervisorConfig *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
supervisor_config_clear (gpointer data)
{
  DmsSupervisorConfig *self = data;

  g_free (self->strategy);
  g_strfreev (self->allocations);
  g_ptr_array_unref (self->children);
}

void
dms_supervisor_config_unref (DmsSupervisorConfig *self)
{
  g_atomic_rc_box_release_full (self, supervisor_config_clear);
}
