/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "config/dms-config.h"

G_BEGIN_DECLS

/* Kinds of messages that are limited apart from each other. */
typedef enum {
  DMS_TRAFFIC_PUBLIC,    /* direct messages to behaviours below /public */
  DMS_TRAFFIC_BROADCAST,
  DMS_TRAFFIC_OTHER,
} DmsTraffic;
#define DMS_N_TRAFFICS (DMS_TRAFFIC_OTHER + 1)

DmsTraffic dms_traffic_of (const char *behaviour, gboolean is_broadcast);

/* 0 is no limit. What is under handling counts from its admission until its last user lets go of it. */
typedef struct {
  double rate;   /* a second */
  double burst;  /* at once, after a quiet time */
  guint at_once; /* under handling */
  gsize bytes;   /* under handling */
} DmsLimit;

typedef struct {
  DmsLimit per_sender[DMS_N_TRAFFICS];
  DmsLimit total[DMS_N_TRAFFICS];
  DmsLimit per_topic;
  /* Refused messages of one peer; beyond that, its messages are not even looked at. */
  DmsLimit refused;
} DmsLimits;

void dms_limits_init (DmsLimits *self);
/* The same with what the owner of the node wants otherwise (the keys below `limits`). */
void dms_limits_init_from_config (DmsLimits *self, DmsConfig *config);

G_END_DECLS
