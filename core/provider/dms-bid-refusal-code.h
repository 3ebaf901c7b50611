/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Why a machine makes no offer, as far as it may be told. */
typedef enum
{
  DMS_BID_REFUSAL_NOT_GRANTED,
  DMS_BID_REFUSAL_NOT_READY,
  DMS_BID_REFUSAL_NOT_ONBOARDED,
  DMS_BID_REFUSAL_CONTRACT,
  DMS_BID_REFUSAL_LOCATION,
  DMS_BID_REFUSAL_EXECUTOR,
  DMS_BID_REFUSAL_PRIVILEGED,
  DMS_BID_REFUSAL_ARCHITECTURE,
  DMS_BID_REFUSAL_CPU,
  DMS_BID_REFUSAL_RAM,
  DMS_BID_REFUSAL_DISK,
  DMS_BID_REFUSAL_GPU,
  /* What describes a part: its vendor, its type, its speed. */
  DMS_BID_REFUSAL_HARDWARE,
  DMS_BID_REFUSAL_PORTS,
  /* It lends enough, and not all of it is free. */
  DMS_BID_REFUSAL_BUSY,
  DMS_BID_REFUSAL_BAD_REQUEST,
  /* What `requires` asks for; older nodes do not know these. */
  DMS_BID_REFUSAL_LIBRARY,
  DMS_BID_REFUSAL_PRICE,
  DMS_BID_REFUSAL_TIME,
  DMS_BID_REFUSAL_SPEED,
  DMS_BID_REFUSAL_POWER,
  DMS_BID_REFUSAL_KYC,
  DMS_BID_REFUSAL_N_CODES,
} DmsBidRefusalCode;

/* How it is written: `not-granted` and so on. */
const char *dms_bid_refusal_code_to_string (DmsBidRefusalCode code);
/* N_CODES when there is none of that name. text: (nullable) */
DmsBidRefusalCode dms_bid_refusal_code_from_string (const char *text);
/* For people: `too little RAM`. */
const char *dms_bid_refusal_code_describe (DmsBidRefusalCode code);
/* The one that stands for a field of a requirement, such as `ram.size`. */
DmsBidRefusalCode dms_bid_refusal_code_of_field (const char *field);
/* Whether it can say how much there is. (nullable): the unit of it; NULL when it cannot. */
const char *dms_bid_refusal_code_get_unit (DmsBidRefusalCode code);

/* Whether there is to be no more of it than is asked for. */
gboolean dms_bid_refusal_code_is_ceiling (DmsBidRefusalCode code);
/* Whether it is about what an owner says of his machine in any bid, and so is told as it is. */
gboolean dms_bid_refusal_code_is_stated (DmsBidRefusalCode code);

/* What is said instead of an amount: the next below of 1, 1½, 2, 3, 4, 6, 8 … So much does not tell one
 * machine from another, nor whose jobs run on it. 0 for what is less than a thousandth. */
double dms_bid_refusal_code_coarsen (double amount);

G_END_DECLS
