/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-ensemble.h"

/* Filled by the decoder, then never changed. */
struct _DmsEnsemble
{
  char *escalation_strategy;
  GPtrArray *allocations;
  GPtrArray *nodes;
  GPtrArray *edges;
  DmsSupervisorConfig *supervisor;
  DmsSupervisionLimits supervision;
  /* (nullable) */
  DmsProfile *required;
  JsonObject *keys;
  GHashTable *scripts;
  GPtrArray *script_names;
  gboolean subnet_join;
  GStrv exclude_peers;
  GStrv standby_orchestrators;
  JsonObject *metadata;
  GPtrArray *contracts;
  GStrv warnings;
};
