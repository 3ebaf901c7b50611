/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* What is known about the end of a container beside the engine's own description. */
typedef struct
{
  gboolean stopped;          /* on request */
  gboolean out_of_disk;      /* killed at its disk limit */
  const char *failed_script; /* nullable */
  int script_code;
  gint64 oom_kills; /* the machine's count now, or -1 */
  const char *boot_id;
  DmsUsage *usage; /* nullable */
} DmsDockerOutcomeFacts;

DmsExecutionResult *dms_docker_outcome_new (JsonObject *inspect, const DmsDockerOutcomeFacts *facts);
gint64 dms_docker_outcome_read_time (JsonObject *state, const char *name);

G_END_DECLS
