/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-limits.h"

#define MIB ((gsize) 1024 * 1024)

/* How many seconds' worth may come at once. Two nodes that meet say hello and then ask each other for up to
 * 32 pages of revocations. */
#define BURST_SECONDS 2
#define PUBLIC_BURST_SECONDS 7
/* Of everybody together, as many times what one sender may. One sender never takes what others need. */
#define TOTAL_FACTOR 16

/* Who says hello does so a few times a minute. */
#define PUBLIC_RATE 10
/* A node asks for bids a few times a minute, and tells of revocations in bulk. */
#define BROADCAST_RATE 20
/* A thousand nodes that start a deployment every five seconds. */
#define TOPIC_RATE 200
/* More than one core can verify: only what floods is cut, never a busy orchestrator. */
#define MESSAGE_RATE 20000
/* A refusal costs a signature check, 50 to 100 µs: a peer whose messages are refused gets half a percent of a
 * core. */
#define REFUSED_RATE 50
#define REFUSED_BURST 200

#define PUBLIC_AT_ONCE 8
#define BROADCAST_AT_ONCE 64
/* An orchestrator may wait for as many answers of one provider. */
#define MESSAGES_AT_ONCE 4096
/* A single message may have 1 MiB. */
#define BYTES_AT_ONCE (32 * MIB)
#define TOTAL_BYTES_AT_ONCE (128 * MIB)

DmsTraffic
dms_traffic_of (const char *behaviour, gboolean is_broadcast)
{
  if (is_broadcast)
    return DMS_TRAFFIC_BROADCAST;
  return g_str_has_prefix (behaviour, "/public/") ? DMS_TRAFFIC_PUBLIC : DMS_TRAFFIC_OTHER;
}

static DmsLimit
limit (double rate, double burst, guint at_once, gsize bytes)
{
  return (DmsLimit){ .rate = rate, .burst = burst, .at_once = at_once, .bytes = bytes };
}

/* What holds for everybody together follows from what holds for one. */
static void
set_per_sender (DmsLimits *self, DmsTraffic traffic, double rate, guint at_once)
{
  double burst = rate * (traffic == DMS_TRAFFIC_PUBLIC ? PUBLIC_BURST_SECONDS : BURST_SECONDS);

  self->per_sender[traffic] = limit (rate, burst, at_once, BYTES_AT_ONCE);
  self->total[traffic] =
      limit (rate * TOTAL_FACTOR, burst * TOTAL_FACTOR, at_once * TOTAL_FACTOR, TOTAL_BYTES_AT_ONCE);
}

void
dms_limits_init (DmsLimits *self)
{
  set_per_sender (self, DMS_TRAFFIC_PUBLIC, PUBLIC_RATE, PUBLIC_AT_ONCE);
  set_per_sender (self, DMS_TRAFFIC_BROADCAST, BROADCAST_RATE, BROADCAST_AT_ONCE);
  set_per_sender (self, DMS_TRAFFIC_OTHER, MESSAGE_RATE, MESSAGES_AT_ONCE);
  self->per_topic = limit (TOPIC_RATE, TOPIC_RATE * BURST_SECONDS, 0, 0);
  self->refused = (DmsLimit){ .rate = REFUSED_RATE, .burst = REFUSED_BURST };
}

void
dms_limits_init_from_config (DmsLimits *self, DmsConfig *config)
{
  double refused = (double) dms_config_get_int (config, "limits.refused_per_second");
  double topic = (double) dms_config_get_int (config, "limits.topic_per_second");

  dms_limits_init (self);
  set_per_sender (self, DMS_TRAFFIC_PUBLIC, (double) dms_config_get_int (config, "limits.public_per_second"),
                  PUBLIC_AT_ONCE);
  set_per_sender (self, DMS_TRAFFIC_BROADCAST,
                  (double) dms_config_get_int (config, "limits.broadcasts_per_second"), BROADCAST_AT_ONCE);
  set_per_sender (self, DMS_TRAFFIC_OTHER,
                  (double) dms_config_get_int (config, "limits.messages_per_second"), MESSAGES_AT_ONCE);
  self->per_topic = limit (topic, topic * BURST_SECONDS, 0, 0);
  self->refused = (DmsLimit){ .rate = refused, .burst = refused * REFUSED_BURST / REFUSED_RATE };
}
