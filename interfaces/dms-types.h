/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "dms-version.h"

G_BEGIN_DECLS

/* Forward declarations, so that no header needs another one's body. */

typedef struct _DmsDid DmsDid;
typedef struct _DmsPeerId DmsPeerId;
typedef struct _DmsMultiaddr DmsMultiaddr;
typedef struct _DmsCpu DmsCpu;
typedef struct _DmsGpu DmsGpu;
typedef struct _DmsRam DmsRam;
typedef struct _DmsDisk DmsDisk;
typedef struct _DmsResources DmsResources;
typedef struct _DmsHardware DmsHardware;
typedef struct _DmsVolume DmsVolume;
typedef struct _DmsPortMapping DmsPortMapping;
typedef struct _DmsScript DmsScript;
typedef struct _DmsExecutionSpec DmsExecutionSpec;
typedef struct _DmsExecutionResult DmsExecutionResult;
typedef struct _DmsExecResult DmsExecResult;
typedef struct _DmsExecutorProbe DmsExecutorProbe;
typedef struct _DmsLogChunk DmsLogChunk;
typedef struct _DmsUsage DmsUsage;
typedef struct _DmsPeerInfo DmsPeerInfo;
typedef struct _DmsPeerScore DmsPeerScore;
typedef struct _DmsConnectionInfo DmsConnectionInfo;
typedef struct _DmsLimitInfo DmsLimitInfo;
typedef struct _DmsDialStep DmsDialStep;
typedef struct _DmsTransportConfig DmsTransportConfig;
typedef struct _DmsContentRecord DmsContentRecord;
typedef struct _DmsBillingTerms DmsBillingTerms;
typedef struct _DmsUsageRecord DmsUsageRecord;
typedef struct _DmsLineItem DmsLineItem;
typedef struct _DmsPaymentRequest DmsPaymentRequest;
typedef struct _DmsPaymentQuote DmsPaymentQuote;
typedef struct _DmsPaymentStatus DmsPaymentStatus;
typedef struct _DmsBenchmarkResult DmsBenchmarkResult;

typedef struct _DmsExecutor DmsExecutor;
typedef struct _DmsExecution DmsExecution;
typedef struct _DmsStorage DmsStorage;
typedef struct _DmsBilling DmsBilling;
typedef struct _DmsPayment DmsPayment;
typedef struct _DmsBenchmark DmsBenchmark;
typedef struct _DmsTransport DmsTransport;
typedef struct _DmsStream DmsStream;

/**
 * DmsProgressCallback:
 * @stage: what is happening now, a short phrase for people, such as `Pulling alpine:3`
 * @fraction: how much of the whole work is done, from 0 to 1, or a negative number when that is unknown
 * @user_data: (closure): the caller's data
 *
 * Reports the progress of long work. Called in the main context that started the work.
 */
typedef void (*DmsProgressCallback) (const char *stage, double fraction, gpointer user_data);

G_END_DECLS
