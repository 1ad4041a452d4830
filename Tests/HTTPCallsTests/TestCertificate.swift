/// Signed by itself, for localhost and 127.0.0.1, from 2020 to 2120. It protects nothing.
enum TestCertificate {
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgnVbU5j4q2R6BOdwB
        B5Mn2PhOv4WdGqi151+ifwJpMxGhRANCAATOC476O8tlsXgPEolir2ofj5tZI0jD
        Q7MdY8BSkfJDOr14ikXMGNNZd2cluLiBfrkCE/cowv+NM4aV1SaFKk6y
        -----END PRIVATE KEY-----
        """

    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBZjCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
        c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
        CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABM4Ljvo7y2WxeA8S
        iWKvah+Pm1kjSMNDsx1jwFKR8kM6vXiKRcwY01l3ZyW4uIF+uQIT9yjC/40zhpXV
        JoUqTrKjTjBMMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAPBgNVHRMBAf8E
        BTADAQH/MB0GA1UdDgQWBBQVWBirS6ENSsopx+CCC5AVUkQ+oDAKBggqhkjOPQQD
        AgNHADBEAiBQhIeOd8uaZABwvKXCsITJtkFS3ByOU8ZkgKPxg8E9oQIgdeFaHtxz
        O9RciswiItrk0MMPBDQDgP9JCrZraa+TMOA=
        -----END CERTIFICATE-----

        """
}
