// Decodes Kubernetes manifests strictly against the published types: a field that does not exist, or is said twice, is an
// error. Prints the kind and name of each; exits 1 with the file and the reason.
package main

import (
	"bytes"
	"fmt"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

type object interface{ GetName() string }

var kinds = map[string]func() object{
	"apps/v1 Deployment":                     func() object { return &appsv1.Deployment{} },
	"v1 Service":                             func() object { return &corev1.Service{} },
	"autoscaling/v2 HorizontalPodAutoscaler": func() object { return &autoscalingv2.HorizontalPodAutoscaler{} },
	"policy/v1 PodDisruptionBudget":          func() object { return &policyv1.PodDisruptionBudget{} },
	"batch/v1 Job":                           func() object { return &batchv1.Job{} },
	"v1 ConfigMap":                           func() object { return &corev1.ConfigMap{} },
	"v1 Secret":                              func() object { return &corev1.Secret{} },
	"v1 ServiceAccount":                      func() object { return &corev1.ServiceAccount{} },
	"rbac.authorization.k8s.io/v1 Role":      func() object { return &rbacv1.Role{} },
	"k6.io/v1alpha1 TestRun":                 func() object { return &testRun{} },
}

// TestRun of k6-operator, by hand for the fields that the harness uses: the operator's module is not to be had from every proxy.
type testRun struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Parallelism int32 `json:"parallelism"`
		Script      struct {
			ConfigMap struct {
				Name string `json:"name"`
				File string `json:"file"`
			} `json:"configMap"`
		} `json:"script"`
		Args        []string `json:"args"`
		Cleanup     string   `json:"cleanup"`
		Initializer struct {
			Disabled bool `json:"disabled"`
		} `json:"initializer"`
		Starter testRunPod `json:"starter"`
		Runner  testRunPod `json:"runner"`
	} `json:"spec"`
}

type testRunPod struct {
	Image                        string                      `json:"image"`
	Metadata                     testRunMetadata             `json:"metadata"`
	ServiceAccountName           string                      `json:"serviceAccountName"`
	AutomountServiceAccountToken string                      `json:"automountServiceAccountToken"`
	SecurityContext              corev1.PodSecurityContext   `json:"securityContext"`
	ContainerSecurityContext     corev1.SecurityContext      `json:"containerSecurityContext"`
	Affinity                     *corev1.Affinity            `json:"affinity"`
	LivenessProbe                *corev1.Probe               `json:"livenessProbe"`
	Resources                    corev1.ResourceRequirements `json:"resources"`
	Env                          []corev1.EnvVar             `json:"env"`
	InitContainers               []testRunInitContainer      `json:"initContainers"`
	Volumes                      []corev1.Volume             `json:"volumes"`
	VolumeMounts                 []corev1.VolumeMount        `json:"volumeMounts"`
}

type testRunMetadata struct {
	Labels map[string]string `json:"labels"`
}

type testRunInitContainer struct {
	Name          string                         `json:"name"`
	Image         string                         `json:"image"`
	Env           []corev1.EnvVar                `json:"env"`
	Command       []string                       `json:"command"`
	VolumeMounts  []corev1.VolumeMount           `json:"volumeMounts"`
	Resources     corev1.ResourceRequirements    `json:"resources"`
	RestartPolicy *corev1.ContainerRestartPolicy `json:"restartPolicy"`
}

func main() {
	failed := false
	for _, file := range os.Args[1:] {
		text, err := os.ReadFile(file)
		for _, document := range bytes.Split(text, []byte("\n---\n")) {
			var said string
			if err == nil {
				said, err = check(document)
			}
			if err != nil {
				fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
				failed = true
				break
			}
			fmt.Println(said)
		}
	}
	if failed {
		os.Exit(1)
	}
}

func check(text []byte) (string, error) {
	var meta metav1.TypeMeta
	if err := yaml.Unmarshal(text, &meta); err != nil {
		return "", err
	}
	kind := meta.APIVersion + " " + meta.Kind
	make, known := kinds[kind]
	if !known {
		return "", fmt.Errorf("no type is known for %q", kind)
	}
	decoded := make()
	if err := yaml.UnmarshalStrict(text, decoded); err != nil {
		return "", err
	}
	return kind + " " + decoded.GetName(), nil
}
