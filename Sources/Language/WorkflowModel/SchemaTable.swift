// Written by scripts/generate-schema.py; change the script, not this file.

/// One object type a line: its name, then `field:type` for each field, `field!:type` for one that must be written.
/// `Schema.swift` says what the letters mean.
let schemaTable: StaticString = #"""
    AWSElasticBlockStoreVolumeSource fsType:s partition:i readOnly:b volumeID!:s
    Affinity nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAntiAffinity
    AppArmorProfile localhostProfile:s type!:s
    ArchiveStrategy none:NoneStrategy tar:TarStrategy zip:ZipStrategy
    Arguments artifacts:[Artifact parameters:[Parameter
    Artifact archive:ArchiveStrategy archiveLogs:b artifactGC:ArtifactGC artifactory:ArtifactoryArtifact azure:AzureArtifact deleted:b from:s fromExpression:s gcs:GCSArtifact git:GitArtifact globalName:s hdfs:HDFSArtifact http:HTTPArtifact mode:i name!:s optional:b oss:OSSArtifact path:s plugin:PluginArtifact raw:RawArtifact recurseMode:b s3:S3Artifact subPath:s
    ArtifactGC podMetadata:Metadata serviceAccountName:s strategy:s(OnWorkflowCompletion|OnWorkflowDeletion|Never)
    ArtifactLocation archiveLogs:b artifactory:ArtifactoryArtifact azure:AzureArtifact gcs:GCSArtifact git:GitArtifact hdfs:HDFSArtifact http:HTTPArtifact oss:OSSArtifact plugin:PluginArtifact raw:RawArtifact s3:S3Artifact
    ArtifactPaths archive:ArchiveStrategy archiveLogs:b artifactGC:ArtifactGC artifactory:ArtifactoryArtifact azure:AzureArtifact deleted:b from:s fromExpression:s gcs:GCSArtifact git:GitArtifact globalName:s hdfs:HDFSArtifact http:HTTPArtifact mode:i name!:s optional:b oss:OSSArtifact path:s plugin:PluginArtifact raw:RawArtifact recurseMode:b s3:S3Artifact subPath:s
    ArtifactRepositoryRef configMap:s key:s
    ArtifactoryArtifact passwordSecret:SecretKeySelector url!:s usernameSecret:SecretKeySelector
    AzureArtifact accountKeySecret:SecretKeySelector blob:s container:s endpoint:s useSDKCreds:b
    AzureDiskVolumeSource cachingMode:s diskName!:s diskURI!:s fsType:s kind:s readOnly:b
    AzureFileVolumeSource readOnly:b secretName!:s shareName!:s
    Backoff cap:s duration:s factor:x maxDuration:s
    BasicAuth passwordSecret:SecretKeySelector usernameSecret:SecretKeySelector
    CSIVolumeSource driver!:s fsType:s nodePublishSecretRef:LocalObjectReference readOnly:b volumeAttributes:{s
    Cache configMap!:LocalObjectReference
    Capabilities add:[s drop:[s
    CephFSVolumeSource monitors!:[s path:s readOnly:b secretFile:s secretRef:LocalObjectReference user:s
    CinderVolumeSource fsType:s readOnly:b secretRef:LocalObjectReference volumeID!:s
    ClientCertAuth clientCertSecret:SecretKeySelector clientKeySecret:SecretKeySelector
    ClusterTrustBundleProjection labelSelector:LabelSelector name:s optional:b path!:s signerName:s
    ClusterWorkflowTemplate apiVersion:s kind:s metadata:ObjectMeta spec!:WorkflowSpec
    ConfigMap apiVersion:s binaryData:{6 data:{s immutable:b kind:s metadata:ObjectMeta
    ConfigMapEnvSource name:s optional:b
    ConfigMapKeySelector key!:s name:s optional:b
    ConfigMapProjection items:[KeyToPath name:s optional:b
    ConfigMapVolumeSource defaultMode:i items:[KeyToPath name:s optional:b
    Container args:[s command:[s env:[EnvVar envFrom:[EnvFromSource image:s imagePullPolicy:s(~Always|IfNotPresent|Never) lifecycle:Lifecycle livenessProbe:Probe name:s ports:[ContainerPort readinessProbe:Probe resizePolicy:[ContainerResizePolicy resources:ResourceRequirements restartPolicy:s restartPolicyRules:[ContainerRestartRule securityContext:SecurityContext startupProbe:Probe stdin:b stdinOnce:b terminationMessagePath:s terminationMessagePolicy:s(~File|FallbackToLogsOnError) tty:b volumeDevices:[VolumeDevice volumeMounts:[VolumeMount workingDir:s
    ContainerNode args:[s command:[s dependencies:[s env:[EnvVar envFrom:[EnvFromSource image:s imagePullPolicy:s(~Always|IfNotPresent|Never) lifecycle:Lifecycle livenessProbe:Probe name!:s ports:[ContainerPort readinessProbe:Probe resizePolicy:[ContainerResizePolicy resources:ResourceRequirements restartPolicy:s restartPolicyRules:[ContainerRestartRule securityContext:SecurityContext startupProbe:Probe stdin:b stdinOnce:b terminationMessagePath:s terminationMessagePolicy:s(~File|FallbackToLogsOnError) tty:b volumeDevices:[VolumeDevice volumeMounts:[VolumeMount workingDir:s
    ContainerPort containerPort!:i hostIP:s hostPort:i name:s protocol:s(~TCP|UDP|SCTP)
    ContainerResizePolicy resourceName!:s restartPolicy!:s
    ContainerRestartRule action!:s exitCodes:ContainerRestartRuleOnExitCodes
    ContainerRestartRuleOnExitCodes operator!:s values:[i
    ContainerSetRetryStrategy duration:g retries:x
    ContainerSetTemplate containers!:[ContainerNode retryStrategy:ContainerSetRetryStrategy volumeMounts:[VolumeMount
    ContinueOn error:b failed:b
    Counter value!:s
    CreateS3BucketOptions objectLocking:b
    CronWorkflow apiVersion:s kind:s metadata:ObjectMeta spec!:CronWorkflowSpec status:*
    CronWorkflowSpec concurrencyPolicy:s(Allow|Forbid|Replace) failedJobsHistoryLimit:i schedule:s schedules:[s startingDeadlineSeconds:i stopStrategy:StopStrategy successfulJobsHistoryLimit:i suspend:b timezone:s when:s workflowMetadata:ObjectMeta workflowSpec!:WorkflowSpec
    DAGTask arguments:Arguments continueOn:ContinueOn dependencies:[s depends:s hooks:{LifecycleHook inline:Template name!:s onExit:s template:s templateRef:TemplateRef when:s withItems:[* withParam:s withSequence:Sequence
    DAGTemplate failFast:b target:s tasks!:[DAGTask
    Data source!:DataSource transformation:[TransformationStep
    DataSource artifactPaths:ArtifactPaths
    DownwardAPIProjection items:[DownwardAPIVolumeFile
    DownwardAPIVolumeFile fieldRef:ObjectFieldSelector mode:i path!:s resourceFieldRef:ResourceFieldSelector
    DownwardAPIVolumeSource defaultMode:i items:[DownwardAPIVolumeFile
    EmptyDirVolumeSource medium:s sizeLimit:q
    EnvFromSource configMapRef:ConfigMapEnvSource prefix:s secretRef:SecretEnvSource
    EnvVar name!:s value:s valueFrom:EnvVarSource
    EnvVarSource configMapKeyRef:ConfigMapKeySelector fieldRef:ObjectFieldSelector fileKeyRef:FileKeySelector resourceFieldRef:ResourceFieldSelector secretKeyRef:SecretKeySelector
    EphemeralVolumeSource volumeClaimTemplate:PersistentVolumeClaimTemplate
    Event selector!:s
    ExecAction command:[s
    ExecutorConfig serviceAccountName:s
    ExecutorPlugin metadata!:ObjectMeta spec!:ExecutorPluginSpec
    ExecutorPluginSidecar automountServiceAccountToken:b container!:Container
    ExecutorPluginSpec sidecar!:ExecutorPluginSidecar
    FCVolumeSource fsType:s lun:i readOnly:b targetWWNs:[s wwids:[s
    FileKeySelector key!:s optional:b path!:s volumeName!:s
    FlexVolumeSource driver!:s fsType:s options:{s readOnly:b secretRef:LocalObjectReference
    FlockerVolumeSource datasetName:s datasetUUID:s
    GCEPersistentDiskVolumeSource fsType:s partition:i pdName!:s readOnly:b
    GCSArtifact bucket:s key:s serviceAccountKeySecret:SecretKeySelector
    GRPCAction port!:i service:s
    Gauge operation:s(Set|Add|Sub) realtime:b value!:s
    GitArtifact branch:s depth:i disableSubmodules:b fetch:[s insecureIgnoreHostKey:b insecureSkipTLS:b passwordSecret:SecretKeySelector repo!:s revision:s singleBranch:b sshPrivateKeySecret:SecretKeySelector usernameSecret:SecretKeySelector
    GitRepoVolumeSource directory:s repository!:s revision:s
    GlusterfsVolumeSource endpoints!:s path!:s readOnly:b
    HDFSArtifact addresses:[s dataTransferProtection:s force:b hdfsUser:s krbCCacheSecret:SecretKeySelector krbConfigConfigMap:ConfigMapKeySelector krbKeytabSecret:SecretKeySelector krbRealm:s krbServicePrincipalName:s krbUsername:s path:s
    HTTP body:s bodyFrom:HTTPBodySource headers:[HTTPHeader insecureSkipVerify:b method:s successCondition:s timeoutSeconds:i url!:s
    HTTPArtifact auth:HTTPAuth headers:[Header saveStreamViaFile:b url!:s
    HTTPAuth basicAuth:BasicAuth clientCert:ClientCertAuth oauth2:OAuth2Auth
    HTTPBodySource bytes:6
    HTTPGetAction host:s httpHeaders:[HTTPGetHeader path:s port!:x scheme:s(~HTTP|HTTPS)
    HTTPGetHeader name!:s value!:s
    HTTPHeader name!:s value:s valueFrom:HTTPHeaderSource
    HTTPHeaderSource secretKeyRef:SecretKeySelector
    Header name!:s value!:s
    Histogram buckets!:[n value!:s
    HostAlias hostnames:[s ip!:s
    HostPathVolumeSource path!:s type:s(~DirectoryOrCreate|Directory|FileOrCreate|File|Socket|CharDevice|BlockDevice)
    ISCSIVolumeSource chapAuthDiscovery:b chapAuthSession:b fsType:s initiatorName:s iqn!:s iscsiInterface:s lun!:i portals:[s readOnly:b secretRef:LocalObjectReference targetPortal!:s
    ImageVolumeSource pullPolicy:s reference:s
    Inputs artifacts:[Artifact parameters:[Parameter
    KeyToPath key!:s mode:i path!:s
    LabelSelector matchExpressions:[LabelSelectorRequirement matchLabels:{s
    LabelSelectorRequirement key!:s operator!:s(~In|NotIn|Exists|DoesNotExist) values:[s
    LabelValueFrom expression!:s
    Lifecycle postStart:LifecycleHandler preStop:LifecycleHandler stopSignal:s
    LifecycleHandler exec:ExecAction httpGet:HTTPGetAction sleep:SleepAction tcpSocket:TCPSocketAction
    LifecycleHook arguments:Arguments expression:s template:s templateRef:TemplateRef
    LocalObjectReference name:s
    ManagedFieldsEntry apiVersion:s fieldsType:s fieldsV1:* manager:s operation:s subresource:s time:t
    ManifestFrom artifact!:Artifact
    Memoize cache!:Cache key!:s maxAge:g
    Metadata annotations:{s labels:{s
    MetricLabel key!:s value!:s
    Metrics prometheus!:[Prometheus
    Mutex database:b name:s namespace:s
    NFSVolumeSource path!:s readOnly:b server!:s
    NodeAffinity preferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm requiredDuringSchedulingIgnoredDuringExecution:NodeSelector
    NodeSelector nodeSelectorTerms!:[NodeSelectorTerm
    NodeSelectorRequirement key!:s operator!:s(~In|NotIn|Exists|DoesNotExist|Gt|Lt) values:[s
    NodeSelectorTerm matchExpressions:[NodeSelectorRequirement matchFields:[NodeSelectorRequirement
    NoneStrategy
    OAuth2Auth clientIDSecret:SecretKeySelector clientSecretSecret:SecretKeySelector endpointParams:[OAuth2EndpointParam scopes:[s tokenURLSecret:SecretKeySelector
    OAuth2EndpointParam key!:s value:s
    OSSArtifact accessKeySecret:SecretKeySelector bucket:s createBucketIfNotPresent:b endpoint:s key:s lifecycleRule:OSSLifecycleRule secretKeySecret:SecretKeySelector securityToken:s useSDKCreds:b
    OSSLifecycleRule markDeletionAfterDays:i markInfrequentAccessAfterDays:i
    ObjectFieldSelector apiVersion:s fieldPath!:s
    ObjectMeta annotations:{s creationTimestamp:t deletionGracePeriodSeconds:i deletionTimestamp:t finalizers:[s generateName:s generation:i labels:{s managedFields:[ManagedFieldsEntry name:s namespace:s ownerReferences:[OwnerReference resourceVersion:s selfLink:s uid:s
    Outputs artifacts:[Artifact exitCode:s parameters:[Parameter result:s
    OwnerReference apiVersion!:s blockOwnerDeletion:b controller:b kind!:s name!:s uid!:s
    Parameter default:a description:a enum:[a globalName:s name!:s value:a valueFrom:ValueFrom
    PersistentVolumeClaim apiVersion:s kind:s metadata:ObjectMeta spec:PersistentVolumeClaimSpec status:*
    PersistentVolumeClaimSpec accessModes:[s(~ReadWriteOnce|ReadOnlyMany|ReadWriteMany|ReadWriteOncePod) dataSource:TypedLocalObjectReference dataSourceRef:TypedObjectReference resources:VolumeResourceRequirements selector:LabelSelector storageClassName:s volumeAttributesClassName:s volumeMode:s(~Filesystem|Block) volumeName:s
    PersistentVolumeClaimTemplate metadata:ObjectMeta spec!:PersistentVolumeClaimSpec
    PersistentVolumeClaimVolumeSource claimName!:s readOnly:b
    PhotonPersistentDiskVolumeSource fsType:s pdID!:s
    PluginArtifact configuration:s connectionTimeoutSeconds:i key:s name:s
    PodAffinity preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm
    PodAffinityTerm labelSelector:LabelSelector matchLabelKeys:[s mismatchLabelKeys:[s namespaceSelector:LabelSelector namespaces:[s topologyKey!:s
    PodAntiAffinity preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm
    PodCertificateProjection certificateChainPath:s credentialBundlePath:s keyPath:s keyType!:s maxExpirationSeconds:i signerName!:s userAnnotations:{s
    PodDNSConfig nameservers:[s options:[PodDNSConfigOption searches:[s
    PodDNSConfigOption name:s value:s
    PodDisruptionBudgetSpec maxUnavailable:x minAvailable:x selector:LabelSelector unhealthyPodEvictionPolicy:s
    PodGC deleteDelayDuration:d labelSelector:LabelSelector strategy:s(OnPodCompletion|OnPodSuccess|OnWorkflowCompletion|OnWorkflowSuccess)
    PodResourceClaim name!:s resourceClaimName:s resourceClaimTemplateName:s
    PodSecurityContext appArmorProfile:AppArmorProfile fsGroup:i fsGroupChangePolicy:s(~OnRootMismatch|Always) runAsGroup:i runAsNonRoot:b runAsUser:i seLinuxChangePolicy:s seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile supplementalGroups:[i supplementalGroupsPolicy:s sysctls:[Sysctl windowsOptions:WindowsSecurityContextOptions
    PortworxVolumeSource fsType:s readOnly:b volumeID!:s
    PreferredSchedulingTerm preference!:NodeSelectorTerm weight!:i
    Probe exec:ExecAction failureThreshold:i grpc:GRPCAction httpGet:HTTPGetAction initialDelaySeconds:i periodSeconds:i successThreshold:i tcpSocket:TCPSocketAction terminationGracePeriodSeconds:i timeoutSeconds:i
    ProjectedVolumeSource defaultMode:i sources:[VolumeProjection
    Prometheus counter:Counter gauge:Gauge help!:s histogram:Histogram labels:[MetricLabel name!:s when:s
    QuobyteVolumeSource group:s readOnly:b registry!:s tenant:s user:s volume!:s
    RBDVolumeSource fsType:s image!:s keyring:s monitors!:[s pool:s readOnly:b secretRef:LocalObjectReference user:s
    RawArtifact data:s
    ResourceClaim name!:s request:s
    ResourceFieldSelector containerName:s divisor:q resource!:s
    ResourceRequirements claims:[ResourceClaim limits:{q requests:{q
    ResourceTemplate action!:s(get|create|apply|delete|replace|patch) failureCondition:s flags:[s manifest:s manifestFrom:ManifestFrom mergeStrategy:s(strategic|merge|json) setOwnerReference:b successCondition:s
    RetryAffinity nodeAntiAffinity:RetryNodeAntiAffinity
    RetryNodeAntiAffinity
    RetryStrategy affinity:RetryAffinity backoff:Backoff expression:s limit:x retryPolicy:s(Always|OnFailure|OnError|OnTransientError)
    S3Artifact accessKeySecret:SecretKeySelector addressingStyle:s(path|virtual-hosted) bucket:s caSecret:SecretKeySelector createBucketIfNotPresent:CreateS3BucketOptions encryptionOptions:S3EncryptionOptions endpoint:s insecure:b key:s region:s roleARN:s secretKeySecret:SecretKeySelector sessionTokenSecret:SecretKeySelector useSDKCreds:b
    S3EncryptionOptions enableEncryption:b kmsEncryptionContext:s kmsKeyId:s serverSideCustomerKeySecret:SecretKeySelector
    SELinuxOptions level:s role:s type:s user:s
    ScaleIOVolumeSource fsType:s gateway!:s protectionDomain:s readOnly:b secretRef!:LocalObjectReference sslEnabled:b storageMode:s storagePool:s system!:s volumeName:s
    ScriptTemplate args:[s command:[s env:[EnvVar envFrom:[EnvFromSource image:s imagePullPolicy:s(~Always|IfNotPresent|Never) lifecycle:Lifecycle livenessProbe:Probe name:s ports:[ContainerPort readinessProbe:Probe resizePolicy:[ContainerResizePolicy resources:ResourceRequirements restartPolicy:s restartPolicyRules:[ContainerRestartRule securityContext:SecurityContext source:s startupProbe:Probe stdin:b stdinOnce:b terminationMessagePath:s terminationMessagePolicy:s(~File|FallbackToLogsOnError) tty:b volumeDevices:[VolumeDevice volumeMounts:[VolumeMount workingDir:s
    SeccompProfile localhostProfile:s type!:s(~RuntimeDefault|Unconfined|Localhost)
    Secret apiVersion:s data:{6 immutable:b kind:s metadata:ObjectMeta stringData:{s type:s
    SecretEnvSource name:s optional:b
    SecretKeySelector key!:s name:s optional:b
    SecretProjection items:[KeyToPath name:s optional:b
    SecretVolumeSource defaultMode:i items:[KeyToPath optional:b secretName:s
    SecurityContext allowPrivilegeEscalation:b appArmorProfile:AppArmorProfile capabilities:Capabilities privileged:b procMount:s readOnlyRootFilesystem:b runAsGroup:i runAsNonRoot:b runAsUser:i seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile windowsOptions:WindowsSecurityContextOptions
    SemaphoreRef configMapKeyRef:ConfigMapKeySelector database:SyncDatabaseRef namespace:s
    Sequence count:x end:x format:s start:x
    ServiceAccountTokenProjection audience:s expirationSeconds:i path!:s
    SleepAction seconds!:i
    StopStrategy expression!:s
    StorageOSVolumeSource fsType:s readOnly:b secretRef:LocalObjectReference volumeName:s volumeNamespace:s
    Submit arguments:Arguments metadata:ObjectMeta workflowTemplateRef!:WorkflowTemplateRef
    SuppliedValueFrom
    SuspendTemplate duration:s
    SyncDatabaseRef key!:s
    Synchronization mutex:Mutex mutexes:[Mutex semaphore:SemaphoreRef semaphores:[SemaphoreRef
    Sysctl name!:s value!:s
    TCPSocketAction host:s port!:x
    TTLStrategy secondsAfterCompletion:i secondsAfterFailure:i secondsAfterSuccess:i
    TarStrategy compressionLevel:i
    Template activeDeadlineSeconds:x affinity:Affinity annotations:{s archiveLocation:ArtifactLocation automountServiceAccountToken:b container:Container containerSet:ContainerSetTemplate daemon:b dag:DAGTemplate data:Data executor:ExecutorConfig failFast:b hostAliases:[HostAlias http:HTTP initContainers:[UserContainer inputs:Inputs memoize:Memoize metadata:Metadata metrics:Metrics name:s nodeSelector:{s outputs:Outputs parallelism:i pendingTimeout:s plugin:p podResources:ResourceRequirements podSpecPatch:s priority:i priorityClassName:s resource:ResourceTemplate resourceClaims:[PodResourceClaim retryStrategy:RetryStrategy schedulerName:s script:ScriptTemplate securityContext:PodSecurityContext serviceAccountName:s sidecars:[UserContainer steps:[[WorkflowStep suspend:SuspendTemplate synchronization:Synchronization timeout:s tolerations:[Toleration volumes:[Volume
    TemplateRef clusterScope:b name:s template:s
    Toleration effect:s(~NoSchedule|PreferNoSchedule|NoExecute) key:s operator:s(~Exists|Equal) tolerationSeconds:i value:s
    TransformationStep expression!:s
    TypedLocalObjectReference apiGroup:s kind!:s name!:s
    TypedObjectReference apiGroup:s kind!:s name!:s namespace:s
    UserContainer args:[s command:[s env:[EnvVar envFrom:[EnvFromSource image:s imagePullPolicy:s(~Always|IfNotPresent|Never) lifecycle:Lifecycle livenessProbe:Probe mirrorVolumeMounts:b name!:s ports:[ContainerPort readinessProbe:Probe resizePolicy:[ContainerResizePolicy resources:ResourceRequirements restartPolicy:s restartPolicyRules:[ContainerRestartRule securityContext:SecurityContext startupProbe:Probe stdin:b stdinOnce:b terminationMessagePath:s terminationMessagePolicy:s(~File|FallbackToLogsOnError) tty:b volumeDevices:[VolumeDevice volumeMounts:[VolumeMount workingDir:s
    ValueFrom configMapKeyRef:ConfigMapKeySelector default:a event:s expression:s jqFilter:s jsonPath:s parameter:s path:s supplied:SuppliedValueFrom
    Volume awsElasticBlockStore:AWSElasticBlockStoreVolumeSource azureDisk:AzureDiskVolumeSource azureFile:AzureFileVolumeSource cephfs:CephFSVolumeSource cinder:CinderVolumeSource configMap:ConfigMapVolumeSource csi:CSIVolumeSource downwardAPI:DownwardAPIVolumeSource emptyDir:EmptyDirVolumeSource ephemeral:EphemeralVolumeSource fc:FCVolumeSource flexVolume:FlexVolumeSource flocker:FlockerVolumeSource gcePersistentDisk:GCEPersistentDiskVolumeSource gitRepo:GitRepoVolumeSource glusterfs:GlusterfsVolumeSource hostPath:HostPathVolumeSource image:ImageVolumeSource iscsi:ISCSIVolumeSource name!:s nfs:NFSVolumeSource persistentVolumeClaim:PersistentVolumeClaimVolumeSource photonPersistentDisk:PhotonPersistentDiskVolumeSource portworxVolume:PortworxVolumeSource projected:ProjectedVolumeSource quobyte:QuobyteVolumeSource rbd:RBDVolumeSource scaleIO:ScaleIOVolumeSource secret:SecretVolumeSource storageos:StorageOSVolumeSource vsphereVolume:VsphereVirtualDiskVolumeSource
    VolumeClaimGC strategy:s(OnWorkflowCompletion|OnWorkflowSuccess)
    VolumeDevice devicePath!:s name!:s
    VolumeMount mountPath!:s mountPropagation:s(~None|HostToContainer|Bidirectional) name!:s readOnly:b recursiveReadOnly:s(~Disabled|IfPossible|Enabled) subPath:s subPathExpr:s
    VolumeProjection clusterTrustBundle:ClusterTrustBundleProjection configMap:ConfigMapProjection downwardAPI:DownwardAPIProjection podCertificate:PodCertificateProjection secret:SecretProjection serviceAccountToken:ServiceAccountTokenProjection
    VolumeResourceRequirements limits:{q requests:{q
    VsphereVirtualDiskVolumeSource fsType:s storagePolicyID:s storagePolicyName:s volumePath!:s
    WeightedPodAffinityTerm podAffinityTerm!:PodAffinityTerm weight!:i
    WindowsSecurityContextOptions gmsaCredentialSpec:s gmsaCredentialSpecName:s hostProcess:b runAsUserName:s
    Workflow apiVersion:s kind:s metadata:ObjectMeta spec!:WorkflowSpec status:*
    WorkflowEventBinding apiVersion:s kind:s metadata:ObjectMeta spec!:WorkflowEventBindingSpec
    WorkflowEventBindingSpec event!:Event submit:Submit
    WorkflowLevelArtifactGC forceFinalizerRemoval:b podMetadata:Metadata podSpecPatch:s serviceAccountName:s strategy:s(OnWorkflowCompletion|OnWorkflowDeletion|Never)
    WorkflowMetadata annotations:{s labels:{s labelsFrom:{LabelValueFrom
    WorkflowSpec activeDeadlineSeconds:i affinity:Affinity archiveLogs:b arguments:Arguments artifactGC:WorkflowLevelArtifactGC artifactRepositoryRef:ArtifactRepositoryRef automountServiceAccountToken:b dnsConfig:PodDNSConfig dnsPolicy:s(~ClusterFirst|ClusterFirstWithHostNet|Default|None) entrypoint:s executor:ExecutorConfig executorPlugins:[ExecutorPlugin hooks:{LifecycleHook hostAliases:[HostAlias hostNetwork:b imagePullSecrets:[LocalObjectReference metrics:Metrics nodeSelector:{s onExit:s parallelism:i podDisruptionBudget:PodDisruptionBudgetSpec podGC:PodGC podMetadata:Metadata podPriority:i podPriorityClassName:s podResources:ResourceRequirements podSpecPatch:s priority:i resourceClaims:[PodResourceClaim retryStrategy:RetryStrategy schedulerName:s securityContext:PodSecurityContext serviceAccountName:s shutdown:s(Stop|Terminate) suspend:b synchronization:Synchronization templateDefaults:Template templates:[Template tolerations:[Toleration ttlSecondsAfterFinished:i ttlStrategy:TTLStrategy volumeClaimGC:VolumeClaimGC volumeClaimTemplates:[PersistentVolumeClaim volumes:[Volume workflowMetadata:WorkflowMetadata workflowTemplateRef:WorkflowTemplateRef
    WorkflowStep arguments:Arguments continueOn:ContinueOn hooks:{LifecycleHook inline:Template name:s onExit:s template:s templateRef:TemplateRef when:s withItems:[* withParam:s withSequence:Sequence
    WorkflowTemplate apiVersion:s kind:s metadata:ObjectMeta spec!:WorkflowSpec
    WorkflowTemplateRef clusterScope:b name:s
    ZipStrategy
    """#
