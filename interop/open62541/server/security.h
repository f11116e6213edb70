// Who may come in, and how the server shows who it is.
#pragma once

#include <open62541/server.h>

#include "options.h"

// The certificate's thumbprint as capital hexadecimal digits, ended by a zero.
typedef struct {
    char digits[41];
} Thumbprint;

// Three policies, Sign and SignAndEncrypt; trust from the folder PKI, where refused certificates are kept too. All of
// it is open62541's own machinery: PKI/ApplCerts for applications, PKI/UserTokenCerts for people.
UA_StatusCode configure_security(UA_ServerConfig *config, const Options *options, Thumbprint *thumbprint);
