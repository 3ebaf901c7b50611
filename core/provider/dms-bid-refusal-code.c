/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-bid-refusal-code.h"

#include <math.h>

static const struct
{
  const char *name;
  const char *text;
  const char *unit;
} codes[DMS_BID_REFUSAL_N_CODES] = {
  [DMS_BID_REFUSAL_NOT_GRANTED] = { "not-granted", "not granted", NULL },
  [DMS_BID_REFUSAL_NOT_READY] = { "not-ready", "not ready yet", NULL },
  [DMS_BID_REFUSAL_NOT_ONBOARDED] = { "not-onboarded", "lending nothing", NULL },
  [DMS_BID_REFUSAL_CONTRACT] = { "contract", "wanting a contract", NULL },
  [DMS_BID_REFUSAL_LOCATION] = { "location", "in another place", NULL },
  [DMS_BID_REFUSAL_EXECUTOR] = { "executor", "without the executor", NULL },
  [DMS_BID_REFUSAL_PRIVILEGED] = { "privileged", "allowing no privileged containers", NULL },
  [DMS_BID_REFUSAL_ARCHITECTURE] = { "architecture", "of another architecture", NULL },
  [DMS_BID_REFUSAL_CPU] = { "cpu", "too little CPU", "cores" },
  [DMS_BID_REFUSAL_RAM] = { "ram", "too little RAM", "bytes" },
  [DMS_BID_REFUSAL_DISK] = { "disk", "too little disk", "bytes" },
  [DMS_BID_REFUSAL_GPU] = { "gpu", "no such GPU", "bytes" },
  [DMS_BID_REFUSAL_HARDWARE] = { "hardware", "other hardware", NULL },
  [DMS_BID_REFUSAL_PORTS] = { "ports", "no such ports free", NULL },
  [DMS_BID_REFUSAL_BUSY] = { "busy", "busy", NULL },
  [DMS_BID_REFUSAL_BAD_REQUEST] = { "bad-request", "not understanding the request", NULL },
  [DMS_BID_REFUSAL_LIBRARY] = { "library", "without a library", NULL },
  [DMS_BID_REFUSAL_PRICE] = { "price", "too dear", "units" },
  [DMS_BID_REFUSAL_TIME] = { "time", "not lent for long enough", "seconds" },
  [DMS_BID_REFUSAL_SPEED] = { "speed", "too slow", "points" },
  [DMS_BID_REFUSAL_POWER] = { "power", "drawing too much power", "watts" },
  [DMS_BID_REFUSAL_KYC] = { "kyc", "without KYC", NULL },
};

const char *
dms_bid_refusal_code_to_string (DmsBidRefusalCode code)
{
  g_return_val_if_fail (code < DMS_BID_REFUSAL_N_CODES, NULL);

  return codes[code].name;
}

DmsBidRefusalCode
dms_bid_refusal_code_from_string (const char *text)
{
  guint code = 0;

  while (code < DMS_BID_REFUSAL_N_CODES && g_strcmp0 (codes[code].name, text) != 0)
    code++;
  return (DmsBidRefusalCode) code;
}

const char *
dms_bid_refusal_code_describe (DmsBidRefusalCode code)
{
  g_return_val_if_fail (code < DMS_BID_REFUSAL_N_CODES, NULL);

  return codes[code].text;
}

DmsBidRefusalCode
dms_bid_refusal_code_of_field (const char *field)
{
  static const struct
  {
    const char *prefix;
    DmsBidRefusalCode code;
  } fields[] = {
    { "executor", DMS_BID_REFUSAL_EXECUTOR }, { "cpu.architecture", DMS_BID_REFUSAL_ARCHITECTURE },
    { "cpu.cores", DMS_BID_REFUSAL_CPU },     { "ram.size", DMS_BID_REFUSAL_RAM },
    { "disk.size", DMS_BID_REFUSAL_DISK },    { "gpus", DMS_BID_REFUSAL_GPU },
    { "locality", DMS_BID_REFUSAL_LOCATION }, { "connectivity", DMS_BID_REFUSAL_PORTS },
    { "libraries", DMS_BID_REFUSAL_LIBRARY }, { "price", DMS_BID_REFUSAL_PRICE },
    { "time", DMS_BID_REFUSAL_TIME },         { "speed", DMS_BID_REFUSAL_SPEED },
    { "power", DMS_BID_REFUSAL_POWER },       { "kyc", DMS_BID_REFUSAL_KYC },
  };

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      if (g_str_has_prefix (field, fields[i].prefix))
        return fields[i].code;
    }
  return DMS_BID_REFUSAL_HARDWARE;
}

const char *
dms_bid_refusal_code_get_unit (DmsBidRefusalCode code)
{
  g_return_val_if_fail (code < DMS_BID_REFUSAL_N_CODES, NULL);

  return codes[code].unit;
}

gboolean
dms_bid_refusal_code_is_ceiling (DmsBidRefusalCode code)
{
  return code == DMS_BID_REFUSAL_PRICE || code == DMS_BID_REFUSAL_POWER;
}

gboolean
dms_bid_refusal_code_is_stated (DmsBidRefusalCode code)
{
  return code == DMS_BID_REFUSAL_PRICE || code == DMS_BID_REFUSAL_TIME || code == DMS_BID_REFUSAL_SPEED ||
         code == DMS_BID_REFUSAL_POWER;
}

double
dms_bid_refusal_code_coarsen (double amount)
{
  double power;

  if (!(amount >= 0.001) || !isfinite (amount))
    return 0;
  power = exp2 (floor (log2 (amount)));
  /* The logarithm may be off by its last digit. */
  if (power * 2 <= amount)
    power *= 2;
  return power * 1.5 <= amount ? power * 1.5 : power;
}
