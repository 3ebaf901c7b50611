/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-node-config.h"

/* Filled by the decoder, then never changed. */
struct _DmsNodeConfig
{
  char *name;
  GStrv allocations;
  GPtrArray *ports;
  GPtrArray *accept;
  GPtrArray *reject;
  DmsPreferences *preferences;
  /* (nullable): what the node says, and together with what the ensemble does. */
  DmsProfile *own_required;
  DmsProfile *required;
  char *peer;
  guint redundancy;
  char *failure_recovery;
};
