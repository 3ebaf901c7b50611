/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-allocation-config.h"

/* Filled by the decoder, then never changed. */
struct _DmsAllocationConfig
{
  char *name;
  char *executor;
  char *type;
  DmsResources *resources;
  JsonObject *params;
  char *dns_name;
  GStrv depends_on;
  GPtrArray *keys;
  GStrv provision;
  GPtrArray *volumes;
  DmsHealthCheck *health_check;
  DmsPreferences *preferences;
  /* (nullable) */
  DmsProfile *required;
  char *failure_recovery;
  /* (nullable) */
  DmsTaskFlow *flow;
  /* (nullable) */
  DmsChildBudget *children;
  gboolean single;
};
